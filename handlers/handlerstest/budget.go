package handlerstest

// QueryBudget is what a page may ask of the database, however much it shows and whoever
// looks: also right after a change, and with the record of an auditor's visit.
const QueryBudget = 12
