package demo

// customs are the habits of Halyard: which evidence comes for which control.
func customs() []custom {
	return append(append(monthly(), quarterly()...), once()...)
}

func monthly() []custom {
	return []custom{
		{code: "AC-10", title: "Asset inventory against cloud accounts", kind: "system_export", source: "AWS Config", where: "aggregator halyard-org", file: "asset-inventory-%s.csv", make: measurements("unmatched assets", "count", 4), months: 1, before: true},
		{code: "MO-03", title: "Findings register and ageing", kind: "system_export", source: "Assay", file: "findings-%s.xlsx", make: register("Finding"), months: 1},
		{code: "BC-05", title: "Capacity and availability review", kind: "system_export", source: "Grafana", where: "dashboards/capacity", file: "capacity-%s.png", make: dashboard("Requests served", "Grafana / capacity"), months: 1, before: true},
		{code: "PI-05", title: "Checksums of stored data", kind: "log_extract", source: "integrity-job", file: "integrity-%s.log", make: backups(), months: 1},
		{code: "PI-06", title: "Metering against invoices", kind: "system_export", source: "Metering", where: "query meter_vs_invoice_v3", file: "metering-%s.csv", make: measurements("difference", "EUR", 12), months: 1},
		{code: "CM-01", title: "Merged changes and their reviews", kind: "system_export", source: "GitHub", where: "query merged:production", file: "merges-%s.csv", make: changes("api-gateway"), months: 1, before: true},
		{code: "AI-18", title: "Re-verification of running models", kind: "log_extract", source: "model-verify", file: "model-verify-%s.log", make: verifications(), months: 1},
		{code: "AI-45", title: "Changes announced by model providers", kind: "signed_record", source: "AI governance", file: "provider-review-%s.pdf", make: minutes("Review of model providers", "Release notes of three providers were read.", "One change of retention wording, no effect on our settings.", "No change of region or of subprocessors."), months: 1},
		{code: "PV-04", title: "Deletions under the retention schedule", kind: "system_export", source: "retention-job", file: "retention-%s.csv", make: measurements("records deleted", "thousand", 340), months: 1},
	}
}

func quarterly() []custom {
	return []custom{
		{code: "AC-05", title: "User access review: Okta, AWS, GitHub", kind: "observed_export", source: "Okta", where: "report access-review", file: "access-review-%s.csv", make: accounts("okta"), months: 3, before: true},
		{code: "AC-07", title: "Service accounts and key age", kind: "system_export", source: "Vault", where: "auth/approle and pki", file: "service-accounts-%s.csv", make: accounts("vault"), months: 3},
		{code: "PH-01", title: "Badge holders of the equipment room", kind: "system_export", source: "Kisi", file: "badges-%s.csv", make: accounts("kisi"), months: 3, before: true},
		{code: "VM-01", title: "Vendor inventory, tiered", kind: "system_export", source: "Vendor register", file: "vendors-%s.xlsx", make: register("Vendor"), months: 3},
		{code: "RM-03", title: "Risk register", kind: "signed_record", source: "Risk register", file: "risk-register-%s.xlsx", make: register("Risk"), months: 3, before: true},
		{code: "GV-02", title: "Minutes of the board's risk committee", kind: "signed_record", source: "Board portal", file: "Procès-verbal comité des risques %s.pdf", make: minutes("Risk committee of the board", "Security, privacy and AI risk were reported on.", "The committee asked for the restore test results.", "The risk appetite stays as it is."), months: 3, before: true},
		{code: "AI-03", title: "Minutes of the AI risk committee", kind: "signed_record", source: "AI governance", file: "AI-risk-committee-%s.pdf", make: minutes("AI risk committee", "Two new systems were entered in the inventory.", "The evaluation gate of Halyard Code 4.2 was discussed.", "Ruth Adeyemi stays accountable executive."), months: 3},
		{code: "AI-19", title: "Promotion rights in the model registry", kind: "system_export", source: "Model registry", where: "registry rights --all", file: "registry-rights-%s.csv", make: accounts("model-registry"), months: 3},
		{code: "AI-30", title: "Tools of agents and their scopes", kind: "system_export", source: "Agent gateway", file: "agent-tools-%s.csv", make: accounts("agent-gateway"), months: 3},
		{code: "PV-06", title: "Register of disclosures and subprocessors", kind: "system_export", source: "Privacy register", file: "Auftragsverarbeiter-Übersicht %s.xlsx", make: register("Recipient"), months: 3},
	}
}

func once() []custom {
	return []custom{
		{code: "AC-01", title: "Sign-on policy", kind: "system_export", source: "Okta", where: "policies/sign-on", file: "okta-sign-on-policy.json", make: settings("okta", signOn), at: 21, before: true},
		{code: "AC-02", title: "Access requests with approver", kind: "ticket", source: "Jira", where: "project = ITACC", file: "access-requests.csv", make: tickets("ITACC", "Access to a production system"), at: 95},
		{code: "AC-03", title: "Leavers and when their access ended", kind: "ticket", source: "Jira", where: "project = ITOFF", file: "leavers.csv", make: tickets("ITOFF", "Access of a leaver removed"), at: 101, before: true},
		{code: "AC-06", title: "Elevations of privilege", kind: "log_extract", source: "Teleport", file: "elevations.csv", make: tickets("ELEV", "Root on a production host"), at: 87},
		{code: "AC-08", title: "Secrets found in repositories", kind: "report_third_party", source: "GitGuardian", file: "secret-scan.csv", make: weaknesses(), at: 126},
		{code: "CM-02", title: "Deploy pipeline definition", kind: "system_export", source: "GitHub", file: "branch-protection.json", make: settings("github", branches), at: 33},
		{code: "CM-03", title: "Who may deploy", kind: "screenshot", source: "Argo CD", where: "settings/rbac", file: "argo-rechte-größe.png", make: dashboard("Deployments by role", "Argo CD / RBAC"), at: 48},
		{code: "OP-02", title: "Weaknesses and time to fix", kind: "report_third_party", source: "Snyk", file: "vulnerabilities.csv", make: weaknesses(), at: 110, before: true},
		{code: "OP-04", title: "Log sources and when they were last heard", kind: "system_export", source: "SIEM", file: "log-sources.csv", make: measurements("silent sources", "count", 2), at: 77},
		{code: "OP-05", title: "Alerts and time to triage", kind: "ticket", source: "PagerDuty", file: "alerts.csv", make: tickets("ALRT", "Security alert"), at: 140},
		{code: "HR-01", title: "Screening of new starters", kind: "signed_record", source: "People team", file: "screening.pdf", make: minutes("Screening before start", "Nine people started in the quarter.", "All nine were screened before their first day."), at: 92},
		{code: "HR-02", title: "Training completions", kind: "system_export", source: "Learning platform", file: "研修完了-training.csv", make: accounts("learning"), at: 130},
		{code: "GV-01", title: "Code of conduct, signed", kind: "signed_record", source: "People team", file: "code-of-conduct-signed.pdf", make: minutes("Code of conduct, version 5", "131 of 131 people signed.", "Two on leave signed on their return."), at: 58, before: true},
		{code: "RM-01", title: "Annual risk assessment", kind: "signed_record", source: "Risk register", file: "risk-assessment.pdf", make: minutes("Annual risk assessment", "Seven scenarios were rated.", "Two moved up: prompt injection, provider change.", "Treatment plans have owners."), at: 74},
		{code: "IR-01", title: "Incident exercise", kind: "signed_record", source: "Security", file: "incident-exercise.pdf", make: minutes("Incident exercise: stolen token", "Detection after 14 minutes.", "Containment after 41 minutes.", "Contact list had one number out of date; corrected."), at: 105},
		{code: "IR-02", title: "Event and incident register", kind: "system_export", source: "Jira", where: "project = INC", file: "incidents.csv", make: tickets("INC", "Event classified"), at: 186},
		{code: "BC-02", title: "Backup results", kind: "log_extract", source: "backup", file: "backups.log", make: backups(), at: 64, before: true},
		{code: "BC-04", title: "Disaster recovery exercise", kind: "signed_record", source: "Site reliability", file: "dr-exercise.pdf", make: minutes("Disaster recovery exercise, region eu", "Recovery point: 4 minutes. Limit: 15.", "Recovery time: 96 minutes. Limit: 240."), at: 160},
		{code: "DP-01", title: "TLS scan of public endpoints", kind: "report_third_party", source: "SSL Labs", file: "tls-scan.csv", make: weaknesses(), at: 52},
		{code: "DP-02", title: "Encryption state of storage", kind: "screenshot", source: "AWS", where: "Security Hub", file: "encryption.png", make: dashboard("Encrypted volumes", "AWS / Security Hub"), at: 69},
		{code: "AI-04", title: "Impact assessment of Halyard Review", kind: "signed_record", source: "AI governance", file: "impact-assessment-halyard-review.pdf", make: minutes("AI impact assessment: Halyard Review", "Users: engineers of customers.", "Harm considered: wrong approval of unsafe code.", "Measure: a person merges, always."), at: 83},
		{code: "AI-07", title: "Lineage of tuning runs", kind: "system_export", source: "Marquez", file: "lineage-runs.json", make: settings("marquez", lineage), at: 133},
		{code: "AI-16", title: "Signed manifest of Halyard Code 4.1", kind: "observed_export", source: "Model registry", file: "halyard-code-4.1-manifest.txt", make: manifest, at: 97, before: true},
		{code: "AI-17", title: "Verification events of deployments", kind: "log_extract", source: "model-verify", file: "deploy-verify.log", make: verifications(), at: 148},
		{code: "AI-23", title: "Evaluation report of Halyard Code 4.1", kind: "signed_record", source: "Eval suite", file: "evaluation-4.1.pdf", make: minutes("Evaluation before release: Halyard Code 4.1", "Suite 2.8, 4 100 tasks.", "All thresholds met.", "Model digest as in the manifest."), at: 98},
		{code: "AI-24", title: "Red-team exercise", kind: "report_third_party", source: "Kestrel Security", file: "red-team-summary.pdf", make: minutes("Adversarial test of Halyard Agent", "Tester: Kestrel Security, independent.", "Eleven attempts to reach another tenant: none succeeded.", "Two medium findings, both fixed."), at: 155},
		{code: "AI-46", title: "Settings at the model provider", kind: "system_export", source: "Provider console", file: "provider-settings.json", make: settings("model-provider", providers), at: 120},
	}
}
