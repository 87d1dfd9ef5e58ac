-- With whose permissions a message is delivered. Null: of a lambdad that did not ask.
ALTER TABLE deliveries ADD COLUMN role TEXT;
