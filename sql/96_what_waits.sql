-- Which proposals wait, and for what? Those whose newest decision says so: approve one with forestall approve PROPOSAL.
SELECT
  n.proposal,
  n.act,
  n.record_key AS subject,
  n.pool,
  n.code AS waits_for,
  n.text,
  n.event_time AS since,
  TO_TIMESTAMP_LTZ(p.expiresMillis, 3) AS expires,
  p.costBytes AS cost_bytes,
  p.reason
FROM (
  SELECT *, ROW_NUMBER() OVER (PARTITION BY proposal ORDER BY timeMillis DESC, record_offset DESC) AS age
  FROM decisions) AS n
LEFT JOIN (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset DESC) AS copy
    FROM proposals)
  WHERE copy = 1) AS p ON p.id = n.proposal
WHERE n.age = 1 AND n.outcome = 'WAITING'
ORDER BY since, proposal
LIMIT 1000;
