-- Why was nothing done? Refused proposals by act and code, the most frequent first. What was only advised is counted too:
-- its code says that nothing but the mode stood in the way. A decision that was written twice is one.
WITH once AS (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset DESC) AS age
    FROM decisions)
  WHERE age = 1
)
SELECT
  outcome,
  code,
  act,
  COUNT(*) AS decisions,
  COUNT(DISTINCT record_key) AS subjects,
  COUNT(DISTINCT pool) AS pools,
  TO_TIMESTAMP_LTZ(MAX(timeMillis), 3) AS newest,
  MAX(text) AS an_example
FROM once
WHERE outcome IN ('REFUSED', 'ADVISED')
GROUP BY outcome, code, act
ORDER BY decisions DESC, outcome, code, act
LIMIT 1000;
