-- What became of each incident? The newest state of an incident with the newest decision on each act proposed for it;
-- an incident for which nothing was proposed has empty columns. --set incident=ID shows one.
WITH newest AS (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY revision DESC, record_offset DESC) AS age
    FROM incidents
    WHERE '${incident:-}' = '' OR id = '${incident:-}')
  WHERE age = 1
), decided AS (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY incident, act ORDER BY timeMillis DESC, record_offset DESC) AS age
    FROM decisions
    WHERE incident IS NOT NULL)
  WHERE age = 1
)
SELECT
  i.id AS incident,
  i.state,
  i.severity,
  i.summary,
  TO_TIMESTAMP_LTZ(i.updatedMillis, 3) AS updated,
  d.act,
  d.record_key AS subject,
  d.outcome,
  d.code,
  d.text,
  d.event_time AS decided,
  d.admission
FROM newest AS i
LEFT JOIN decided AS d ON d.incident = i.id
ORDER BY updated DESC, incident, act
LIMIT 1000;
