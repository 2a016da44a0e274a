// The decoders for scanned pages (JBIG2, fax) and JPEG 2000, fetched only for a PDF that
// needs one. pdf.js asks for a decoder by adding a file name to the address of a folder;
// our names carry digests, so it is given this module with "?/" as the folder, and the
// name arrives in the query. The WebAssembly forms would need 'wasm-unsafe-eval'.
import jbig2 from "../pdfjs/jbig2_nowasm_fallback.js";
import openjpeg from "../pdfjs/openjpeg_nowasm_fallback.js";

export default import.meta.url.includes("jbig2") ? jbig2 : openjpeg;
