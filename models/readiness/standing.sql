WITH proof AS (
  SELECT control_id,
         max(CASE WHEN status = 'returned' THEN 1 ELSE 0 END) AS returned,
         max(CASE WHEN status = 'submitted' THEN 1 ELSE 0 END) AS submitted,
         max(CASE WHEN status = 'accepted' AND covers_from <= ? AND covers_to >= ? THEN 1 ELSE 0 END) AS accepted
  FROM evidence WHERE status IN ('returned', 'submitted', 'accepted') GROUP BY control_id
), weak AS (
  SELECT DISTINCT fc.control_id FROM finding_controls fc JOIN findings f ON f.id = fc.finding_id WHERE f.status NOT IN ?
), scope AS (
  SELECT DISTINCT {group} AS grp, cc.control_id FROM control_criteria cc WHERE cc.framework = ? AND cc.code IN ?
), standing AS (
  SELECT c.id, CASE WHEN c.owner_id IS NULL THEN 1 ELSE 0 END AS ownerless,
         CASE WHEN c.status <> 'effective' THEN 'planned'
              WHEN w.control_id IS NOT NULL THEN 'weak'
              WHEN p.returned = 1 THEN 'returned'
              WHEN p.accepted = 1 THEN 'proven'
              WHEN p.submitted = 1 THEN 'submitted'
              ELSE 'nothing' END AS standing
  FROM controls c
  LEFT JOIN proof p ON p.control_id = c.id
  LEFT JOIN weak w ON w.control_id = c.id
  WHERE c.status NOT IN ('retired', 'superseded') AND c.id IN (SELECT control_id FROM scope)
)
SELECT '' AS grp, standing, count(*) AS controls, sum(ownerless) AS ownerless FROM standing GROUP BY standing
UNION ALL
SELECT s.grp, t.standing, count(*) AS controls, sum(t.ownerless) AS ownerless
FROM scope s JOIN standing t ON t.id = s.control_id GROUP BY s.grp, t.standing
