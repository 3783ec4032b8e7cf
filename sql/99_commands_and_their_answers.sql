-- What was told to whom, and what did they answer? The newest commands with the newest answer to each; none yet is null.
-- --set admission=a-1 shows one act only.
SELECT
  c.event_time AS given,
  c.admissionId AS admission,
  c.kind,
  c.record_key AS addressee,
  c.step,
  c.attempt,
  a.status,
  a.code,
  a.text AS answer,
  CONCAT(LOWER(a.`from`.kind), '/', a.`from`.id) AS answered_by,
  a.timeMillis - c.timeMillis AS after_millis
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset DESC) AS age
  FROM commands) AS c
LEFT JOIN (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY command ORDER BY record_offset DESC) AS age
  FROM acks) AS a
  ON a.command = c.id AND a.age = 1
WHERE c.age = 1 AND ('${admission:-}' = '' OR c.admissionId = '${admission:-}')
ORDER BY given DESC, addressee, c.id
LIMIT 1000;
