-- Whose bytes were not what they should be? The newest finding first, one row for each range of each copy; a repeat of
-- an event counts once. attributed: stored-checksum when the holder's own record of what it wrote says so, none when two
-- copies differ though each is what it recorded. --set unit=v-1/0 shows one unit only.
SELECT
  TO_TIMESTAMP_LTZ(e.timeMillis, 3) AS found,
  e.labels['unit'] AS unit,
  CONCAT(LOWER(e.entity.kind), '/', e.entity.id) AS holder,
  e.severity,
  e.labels['attributed'] AS attributed,
  CAST(e.`values`['offset'] AS BIGINT) AS from_byte,
  CAST(e.`values`['length'] AS BIGINT) AS range_bytes,
  CAST(e.`values`['epoch'] AS BIGINT) AS epoch,
  CAST(e.`values`['sequence'] AS BIGINT) AS as_of_sequence,
  CAST(e.`values`['round'] AS BIGINT) AS pass,
  e.summary
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset) AS place
  FROM events
  WHERE `type` = 'copy.diverged') AS e
WHERE e.place = 1 AND ('${unit:-}' = '' OR e.labels['unit'] = '${unit:-}')
ORDER BY found DESC, unit, holder, from_byte
LIMIT 1000;
