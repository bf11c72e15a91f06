-- Users who sign in through the connection "members".
CREATE TABLE members (
    id             INT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    email          VARCHAR(190) NOT NULL UNIQUE,
    password_hash  CHAR(60) NOT NULL,
    email_verified TINYINT(1) NOT NULL DEFAULT 0,
    plan           VARCHAR(20) NOT NULL DEFAULT 'free',
    changed_at     TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP
) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci;
