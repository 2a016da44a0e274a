package control

import (
	"context"
	"regexp"
	"strings"
	"unicode"

	"assay/models"
)

// codeTyped is a code as people type it, or the beginning of one: AC-05, ac 5, AC05, AC-.
var codeTyped = regexp.MustCompile(`^([A-Za-z]{1,8})(?:\s*([-.])\s*|\s+|)(\d*)$`)

// mostCodes bounds how many codes a beginning stands for.
const mostCodes = 200

// coded is the codes that begin as was typed, or none: then the text is words.
func coded(ctx context.Context, tx *models.Tx, typed string) (codes []string, err error) {
	m := codeTyped.FindStringSubmatch(strings.TrimSpace(typed))
	if m == nil || m[2] == "" && m[3] == "" {
		return nil, nil
	}
	letters, mark, digits := strings.ToUpper(m[1]), m[2], m[3]
	begin := letters + "-" + digits
	if mark != "" {
		begin = letters + mark + digits
	}
	begins := []string{begin}
	if digits != "" {
		begins = append(begins, letters+digits)
	}
	if len(digits) == 1 {
		begins = append(begins, strings.TrimSuffix(begin, digits)+"0"+digits)
	}
	// Bytes are compared, in PostgreSQL too, whatever its collation thinks of hyphens.
	from, to := ">=", "<"
	if tx.Postgres() {
		from, to = "~>=~", "~<~"
	}
	var conds []string
	var args []any
	for _, b := range begins {
		conds = append(conds, "controls.code "+from+" ? AND controls.code "+to+" ?")
		args = append(args, b, b+string(unicode.MaxRune))
	}
	rows, err := models.Rows[Row](tx).Select("controls.code").Where(strings.Join(conds, " OR "), args...).Order("controls.code").Limit(mostCodes).Find(ctx)
	for _, r := range rows {
		codes = append(codes, r.Code)
	}
	return codes, err
}
