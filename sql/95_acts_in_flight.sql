-- Which acts are admitted and not ended? Each holds its units and its share of every budget until the log says its end.
-- What a guard counts is its log with the signatures checked; this shows what the log says.
SELECT
  n.id AS admission,
  n.act,
  CONCAT(LOWER(n.subject.kind), '/', n.subject.id) AS subject,
  n.pool,
  n.zone,
  n.budget[1].`scope` AS budget,
  n.budget[1].`left` AS budget_left,
  n.keyId AS signed_with,
  n.event_time AS admitted,
  n.text
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY pool, id ORDER BY revision DESC, record_offset DESC) AS age
  FROM admissions
  WHERE state <> 'STARTED') AS n
WHERE n.age = 1 AND n.state = 'ADMITTED'
ORDER BY admitted, admission
LIMIT 1000;
