package blob

// What the crash tests need of the inside: a store on a file system of their own.
type (
	FileSystem = fileSystem
	File       = file
)

var (
	OpenOn   = newDisk
	OpenDisk = openDisk
)
