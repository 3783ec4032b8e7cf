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
-- A sample that tells of a disk's load and of no SMART attribute is no row: it gives signals, and no score of its own.
disk_rows AS (
  SELECT f.record_partition, f.record_offset, s.place - 1 AS `index`
  FROM frames AS f
  CROSS JOIN UNNEST(f.samples) WITH ORDINALITY AS s (entity, model, capacityBytes, metrics, place)
  WHERE s.entity.kind = 'DISK'
    AND (CAST(s.metrics AS STRING) NOT LIKE '%disk\_%' ESCAPE '\' OR CAST(s.metrics AS STRING) LIKE '%smart\_%' ESCAPE '\')
),
letters AS (
  SELECT DISTINCT origin, `partition`, `offset`, `index`
  FROM dead_letters
),
dead_rows AS (
  SELECT `partition`, `offset`, `index`
  FROM letters
  WHERE origin = '${prefix}.telemetry.v1' AND `index` >= 0
),
dead_frames AS (
  SELECT `partition`, `offset`
  FROM letters
  WHERE origin = '${prefix}.telemetry.v1' AND `index` < 0
),
incoming AS (
  SELECT
    COUNT(*) AS rows_in,
    COUNT(*) FILTER (WHERE d.`offset` IS NOT NULL OR w.`offset` IS NOT NULL) AS rows_dead
  FROM disk_rows AS r
  LEFT JOIN dead_rows AS d
    ON d.`partition` = r.record_partition AND d.`offset` = r.record_offset AND d.`index` = r.`index`
  LEFT JOIN dead_frames AS w ON w.`partition` = r.record_partition AND w.`offset` = r.record_offset
),
unreadable AS (
  SELECT COUNT(*) AS records
  FROM dead_frames AS w
  LEFT JOIN frames AS f ON w.`partition` = f.record_partition AND w.`offset` = f.record_offset
  WHERE f.record_offset IS NULL OR f.samples IS NULL
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
