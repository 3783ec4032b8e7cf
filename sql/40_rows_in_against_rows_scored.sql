-- Does every disk sample that came in have a score or a dead letter? missing must be 0 once the job has caught up; before
-- that it is what is on its way, or waits for a fleet entry.
--
-- rows_in        disk samples in the telemetry topic
-- rows_scored    samples of each disk as counted by its newest score
-- rows_dead      samples of readable frames that are dead letters, each counted once
-- unreadable     telemetry records that nobody can read; what they held cannot be counted, so they are no rows
-- refused_lines  lines that ingest refused; they never came in
WITH frames AS (
  SELECT record_partition, record_offset, samples
  FROM telemetry
),
rows_of_frames AS (
  SELECT f.record_partition, f.record_offset, COUNT(*) AS disks
  FROM frames AS f CROSS JOIN UNNEST(f.samples) AS s (entity, model, capacityBytes, metrics)
  WHERE s.entity.kind = 'DISK'
  GROUP BY f.record_partition, f.record_offset
),
letters AS (
  SELECT origin, `partition`, `offset`, `index`, MAX(entity.kind) AS kind
  FROM dead_letters
  GROUP BY origin, `partition`, `offset`, `index`
),
dead AS (
  SELECT
    l.`partition`,
    l.`offset`,
    COUNT(*) FILTER (WHERE l.`index` >= 0 AND COALESCE(l.kind, 'DISK') = 'DISK') AS single_rows,
    COUNT(*) FILTER (WHERE l.`index` < 0) AS whole_frames
  FROM letters AS l
  WHERE l.origin = '${prefix}.telemetry.v1'
  GROUP BY l.`partition`, l.`offset`
),
incoming AS (
  SELECT
    COALESCE(SUM(f.disks), 0) AS rows_in,
    COALESCE(SUM(CASE WHEN d.whole_frames > 0 THEN f.disks ELSE d.single_rows END), 0) AS rows_dead
  FROM rows_of_frames AS f
  LEFT JOIN dead AS d ON d.`partition` = f.record_partition AND d.`offset` = f.record_offset
),
unreadable AS (
  SELECT COUNT(*) AS records
  FROM dead AS d
  LEFT JOIN rows_of_frames AS f ON d.`partition` = f.record_partition AND d.`offset` = f.record_offset
  WHERE f.record_offset IS NULL AND d.whole_frames > 0
),
scored AS (
  SELECT COALESCE(SUM(newest), 0) AS rows_scored
  FROM (SELECT record_key, MAX(samples) AS newest FROM risk WHERE entity.kind = 'DISK' GROUP BY record_key)
),
refused AS (
  SELECT COUNT(*) AS refused_lines
  FROM letters
  WHERE origin <> '${prefix}.telemetry.v1'
)
SELECT
  i.rows_in,
  s.rows_scored,
  i.rows_dead,
  i.rows_in - s.rows_scored - i.rows_dead AS missing,
  u.records AS unreadable,
  r.refused_lines
FROM incoming AS i
CROSS JOIN scored AS s
CROSS JOIN unreadable AS u
CROSS JOIN refused AS r;
