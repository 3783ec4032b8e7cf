-- Who owns what? One row for each unit of the volumes' maps. --set volume=v-1 shows one volume only.
SELECT
  m.volume,
  m.pool,
  s.unit,
  CONCAT(LOWER(s.owner.kind), '/', s.owner.id) AS owner,
  s.epoch,
  COALESCE(CARDINALITY(s.copies), 0) AS further_copies,
  m.degraded,
  m.degradedReason AS degraded_because,
  m.version,
  m.ownershipOffset AS log_read_up_to,
  m.event_time AS written
FROM maps_now AS m
CROSS JOIN UNNEST(m.segments) AS s (unit, `index`, owner, epoch, writeMode, asyncBoundMillis, copies)
WHERE '${volume:-}' = '' OR m.volume = '${volume:-}'
ORDER BY volume, m.slice, s.`index`
LIMIT 1000;
