-- Which incidents are open now? One row each, the worst first, those that a larger one swallows last.
SELECT
  n.id AS incident,
  n.severity,
  n.summary,
  CONCAT(LOWER(n.subject.kind), '/', n.subject.id) AS subject,
  n.pool,
  n.predicted,
  n.recommendation,
  n.rule,
  n.eventCount AS events,
  TO_TIMESTAMP_LTZ(n.openedMillis, 3) AS opened,
  TO_TIMESTAMP_LTZ(n.updatedMillis, 3) AS updated,
  n.inhibitedBy AS part_of
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY revision DESC, record_offset DESC) AS age
  FROM incidents) AS n
WHERE n.age = 1 AND n.state <> 'RESOLVED'
ORDER BY
  CASE WHEN n.inhibitedBy IS NULL THEN 0 ELSE 1 END,
  CASE n.severity WHEN 'CRITICAL' THEN 0 WHEN 'ERROR' THEN 1 WHEN 'WARNING' THEN 2 ELSE 3 END,
  openedMillis,
  incident
LIMIT 1000;
