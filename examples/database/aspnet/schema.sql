-- The columns of ASP.NET Core Identity's table that the scripts use, and the salt of ASP.NET membership, whose users
-- were taken over with the hashes that they had.
CREATE TABLE "AspNetUsers" (
    "Id"              text PRIMARY KEY,
    "Email"           text NOT NULL,
    "NormalizedEmail" text NOT NULL UNIQUE,
    "EmailConfirmed"  boolean NOT NULL DEFAULT false,
    "PasswordHash"    text NOT NULL,
    "PasswordSalt"    text,
    "SecurityStamp"   text NOT NULL DEFAULT ''
);
