-- What was decided lately, and what did every guard say? One row for each guard of the newest decisions, in the order
-- in which the guards were asked. --set subject=node/n-0001 shows one thing only, --set decisions=100 more of them.
WITH lately AS (
  SELECT *
  FROM (
    SELECT *, ROW_NUMBER() OVER (ORDER BY timeMillis DESC, id) AS place
    FROM (
      SELECT *, ROW_NUMBER() OVER (PARTITION BY id ORDER BY record_offset DESC) AS age
      FROM decisions
      WHERE '${subject:-}' = '' OR record_key = '${subject:-}')
    WHERE age = 1)
  WHERE place <= CAST('${decisions:-20}' AS BIGINT)
)
SELECT
  d.event_time AS decided,
  d.record_key AS subject,
  d.act,
  d.outcome,
  d.code,
  d.text,
  g.guard,
  g.passed,
  g.code AS guard_code,
  g.observed,
  g.`limit`,
  g.text AS guard_text
FROM lately AS d
CROSS JOIN UNNEST(d.guards) WITH ORDINALITY AS g (guard, passed, code, observed, `limit`, text, asked)
ORDER BY place, asked
LIMIT 1000;
