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

		web.Get("/setup", access.ProgrammeManage, app.setupPage),
		web.Post("/setup", access.ProgrammeManage, app.setupSave),
		web.Get("/settings/programme", access.ProgrammeManage, app.programmePage),
		web.Post("/settings/programme", access.ProgrammeManage, app.programmeSave),

		web.Get("/frameworks", access.FrameworkView, app.frameworkList),
		web.Get("/frameworks/{framework}", access.FrameworkView, app.frameworkPage),
		web.Get("/frameworks/{framework}/{criterion}", access.FrameworkView, app.criterionPage),

		web.Get("/controls", access.ControlView, app.controlList),
		web.Post("/controls/assign", access.ControlAssign, app.controlsAssign),
		web.Post("/controls/views", access.ViewSave, app.viewSave),
		web.Post("/controls/views/{view}/remove", access.ViewSave, app.viewRemove),
		web.Get("/controls/export.csv", access.ExportData, app.controlCSV),
		web.Get("/controls/export.xlsx", access.ExportData, app.controlXLSX),
		web.Get("/controls/import", access.ControlImport, app.importForm),
		web.Upload("/controls/import", access.ControlImport, importLimits.Bytes+1<<20, app.importUpload),
		web.Get("/controls/import/{digest}", access.ControlImport, app.importPreview),
		web.Post("/controls/import/{digest}", access.ControlImport, app.importConfirm),
		web.Get("/controls/new", access.ControlImport, app.controlNew),
		web.Post("/controls/new", access.ControlImport, app.controlCreate),
		web.Get("/controls/{code}", access.ControlView, app.controlPage),
		web.Post("/controls/{code}/assign", access.ControlAssign, app.controlAssign),
		web.Post("/controls/{code}/revise", access.ControlWrite, app.controlRevise),
		web.Post("/controls/{code}/retire", access.ControlApprove, app.controlRetire),
		web.Get("/controls/{code}/edit", access.ControlWrite, app.controlEdit),
		web.Post("/controls/{code}/edit", access.ControlWrite, app.controlSave),
		web.Get("/controls/{code}/versions/{number}", access.ControlView, app.versionPage),
		web.Get("/controls/{code}/versions/{number}/diff", access.ControlView, app.versionDiff),
		web.Post("/controls/{code}/versions/{number}/submit", access.ControlWrite, app.versionSubmit),
		web.Post("/controls/{code}/versions/{number}/return", access.ControlApprove, app.versionReturn),
		web.Post("/controls/{code}/versions/{number}/approve", access.ControlApprove, app.versionApprove),

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
