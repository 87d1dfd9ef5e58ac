CREATE TABLE shards (
  mapping TEXT NOT NULL,
  shard TEXT NOT NULL,
  state BLOB NOT NULL,
  PRIMARY KEY (mapping, shard)
) WITHOUT ROWID;
