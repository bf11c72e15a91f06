-- Users who sign in through the connection "members".
CREATE TABLE members (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email          text NOT NULL,
    password_hash  text NOT NULL,
    email_verified boolean NOT NULL DEFAULT false,
    plan           text NOT NULL DEFAULT 'free',
    changed_at     timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX members_email ON members (lower(email));
