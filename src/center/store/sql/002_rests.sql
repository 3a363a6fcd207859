-- Wrong passwords are counted in memory, for names that exist and names that do not alike (core/rests.c).
ALTER TABLE user DROP COLUMN failures;
ALTER TABLE user DROP COLUMN locked_until_us;
