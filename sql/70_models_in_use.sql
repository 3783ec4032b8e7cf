-- Which model and version gave the newest scores of disks, and are there scores of an older one?
SELECT
  m.model,
  m.modelVersion AS version,
  m.mode,
  COUNT(*) AS disks,
  ROUND(AVG(m.probability), 6) AS mean_probability,
  TO_TIMESTAMP_LTZ(MIN(r.timeMillis), 3) AS oldest_score,
  TO_TIMESTAMP_LTZ(MAX(r.timeMillis), 3) AS newest_score
FROM risk_now AS r
CROSS JOIN UNNEST(r.modes) AS m (mode, probability, horizonMillis, model, modelVersion, reasons)
WHERE r.entity.kind = 'DISK'
GROUP BY m.model, m.modelVersion, m.mode
ORDER BY model, version, mode
LIMIT 1000;
