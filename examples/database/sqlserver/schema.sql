-- Users who sign in through the connection "members". The collation of the database
-- decides whether the case of addresses counts.
CREATE TABLE Members (
    Id            int IDENTITY PRIMARY KEY,
    Email         nvarchar(200) NOT NULL CONSTRAINT UQ_Members_Email UNIQUE,
    PasswordHash  varchar(100) NOT NULL,
    EmailVerified bit NOT NULL DEFAULT 0,
    [Plan]        nvarchar(20) NOT NULL DEFAULT N'free'
);
