package handlers

import (
	"assay/models/access"
	"assay/web"
)

// Routes is every address the product answers, and what each one needs.
func (app *App) Routes() []web.Route {
	return []web.Route{
		web.Get("/healthz", access.Public, app.health),
		web.Get("/static/*", access.Public, app.static),
		web.Get("/signin", access.Public, app.signinPage),
		web.Get("/auth/start", access.Public, app.signinStart),
		web.Get(CallbackPath, access.Public, app.signinFinish),
		web.Post(LogoutPath, access.Public, app.signoutByProvider),
		web.Post("/signout", access.Public, app.signout),
		web.Get("/", access.SignedIn, app.home),
		web.Get("/components", access.SignedIn, app.components),

		web.Get("/tasks", access.TaskView, app.taskList),
		web.Get("/evidence", access.EvidenceView, app.evidenceList),
		web.Upload("/evidence", access.EvidenceSubmit, app.uploadBody(), app.evidenceUpload),
		web.Get("/evidence/new", access.EvidenceSubmit, app.evidenceNew),
		web.Get("/evidence/{item}", access.EvidenceView, app.evidencePage),
		web.Upload("/evidence/{item}/submit", access.EvidenceSubmit, app.uploadBody(), app.evidenceSubmit),
		web.Post("/evidence/{item}/accept", access.EvidenceReview, app.evidenceAccept),
		web.Post("/evidence/{item}/return", access.EvidenceReview, app.evidenceReturn),
		web.Post("/evidence/{item}/withdraw", access.EvidenceWithdraw, app.evidenceWithdraw),
		web.Get("/evidence/{item}/files/{file}", access.EvidenceView, app.fileDownload),
		web.Get("/evidence/{item}/files/{file}/preview", access.EvidenceView, app.filePreview),
		web.Get("/evidence/{item}/files/{file}/picture", access.EvidenceView, app.filePicture),
		web.Get("/review", access.EvidenceQueue, app.reviewQueue),
		web.Get("/review/{item}", access.EvidenceQueue, app.reviewItem),

		web.Get("/engagements", access.EngagementView, app.engagementList),
		web.Post("/engagements", access.EngagementManage, app.engagementCreate),
		web.Get("/engagements/new", access.EngagementManage, app.engagementNew),
		web.Get("/engagements/{engagement}", access.EngagementView, app.engagementPage),
		web.Get("/engagements/{engagement}/edit", access.EngagementManage, app.engagementEdit),
		web.Post("/engagements/{engagement}/edit", access.EngagementManage, app.engagementChange),
		web.Post("/engagements/{engagement}/move", access.EngagementManage, app.engagementMove),
		web.Post("/engagements/{engagement}/auditors", access.EngagementManage, app.engagementAddAuditor),
		web.Post("/engagements/{engagement}/auditors/{grant}/remove", access.EngagementManage, app.engagementRemoveAuditor),
	}
}
