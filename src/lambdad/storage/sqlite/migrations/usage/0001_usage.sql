CREATE TABLE usage (
  account TEXT NOT NULL,
  region TEXT NOT NULL,
  function TEXT NOT NULL,
  version TEXT NOT NULL,
  architecture TEXT NOT NULL,
  memory_mib INTEGER NOT NULL,
  day TEXT NOT NULL,
  requests INTEGER NOT NULL,
  billed_ms INTEGER NOT NULL,
  provisioned_ms INTEGER NOT NULL,
  allocated_ms INTEGER NOT NULL,
  storage_mib_ms INTEGER NOT NULL,
  streamed_bytes INTEGER NOT NULL,
  cached_ms INTEGER NOT NULL,
  restores INTEGER NOT NULL,
  PRIMARY KEY (account, day, region, function, version, architecture, memory_mib)
) WITHOUT ROWID;
