// Draws a PDF on canvases, for
//
//   <div data-pdf="/evidence/E-12/files/1" data-library="…" data-worker="…" data-codecs="…"
//        data-page="Page {page} of {pages}" data-failed="…">fallback</div>
//
// Nothing in the file runs or can be clicked: the part of the library that runs a PDF's
// JavaScript is not shipped, and of forms and notes only the look is drawn. The text of a
// page is put beside its picture for those who listen to it. The fallback stays until the
// file is open, and a file that cannot be opened says so in its place.
const near = "150% 0px"; // pages this close to the view are drawn, others let go of their memory
const maxSide = 4096;

let library; // loaded once, when there is a PDF to show

function load(box) {
  library ??= import(box.dataset.library).then((pdfjs) => {
    pdfjs.GlobalWorkerOptions.workerSrc = box.dataset.worker;
    return pdfjs;
  });
  return library;
}

async function show(box) {
  if (box.dataset.shown) return;
  box.dataset.shown = "loading";
  try {
    const pdfjs = await load(box);
    // One request for the whole file, not one for each piece: every look at evidence is
    // written down, once.
    const file = await pdfjs.getDocument({
      url: box.dataset.pdf,
      disableRange: true,
      enableXfa: false,
      useWasm: false,
      wasmUrl: `${box.dataset.codecs}?/`,
      maxImageSize: 40_000_000,
      verbosity: pdfjs.VerbosityLevel.ERRORS,
    }).promise;
    await layOut(box, file);
    box.dataset.shown = "yes";
  } catch {
    box.textContent = box.dataset.failed;
    box.dataset.shown = "failed";
  }
}

// Every page takes the size of the first until it is drawn; an empty canvas costs nothing.
async function layOut(box, file) {
  const size = scaled(await file.getPage(1), box.clientWidth);
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) (isIntersecting ? draw : release)(target);
    },
    { rootMargin: near },
  );
  const pages = Array.from({ length: file.numPages }, (_, i) => {
    const figure = document.createElement("figure");
    figure.className = "pdf-page";
    const words = document.createElement("figcaption");
    words.className = "vh";
    words.textContent = box.dataset.page.replace("{page}", i + 1).replace("{pages}", file.numPages);
    figure.append(blank(size), words);
    Object.assign(figure, { pdf: { file, number: i + 1, width: box.clientWidth } });
    return figure;
  });
  box.replaceChildren(...pages);
  for (const page of pages) observer.observe(page);
}

// The canvas has the pixels of the screen and is sized by its class.
function scaled(page, width) {
  const { width: w, height: h } = page.getViewport({ scale: 1 });
  const scale = Math.min(((width || 800) * devicePixelRatio) / w, maxSide / Math.max(w, h));
  return page.getViewport({ scale });
}

function blank({ width, height }) {
  const canvas = document.createElement("canvas");
  canvas.setAttribute("aria-hidden", "true");
  return Object.assign(canvas, { width: Math.max(1, width), height: Math.max(1, height) });
}

async function draw(figure) {
  if (figure.pdf.task) return;
  figure.pdf.task = { cancel() {} }; // taken, while the page loads
  try {
    await render(figure);
  } catch (error) {
    if (error.name !== "RenderingCancelledException") confess(figure);
  }
}

// A page that stays white must not pass for an empty one.
function confess(figure) {
  const words = figure.querySelector("figcaption");
  words.className = "";
  words.textContent += `: ${figure.parentElement.dataset.failed}`;
}

async function render(figure) {
  const { file, number, width } = figure.pdf;
  const page = await file.getPage(number);
  if (!figure.pdf.task) return; // scrolled away meanwhile
  const viewport = scaled(page, width);
  const canvas = blank(viewport);
  figure.pdf.task = page.render({ canvas, viewport });
  figure.querySelector("canvas").replaceWith(canvas);
  await figure.pdf.task.promise;
  await addText(figure, page);
}

async function addText(figure, page) {
  if (figure.pdf.text) return;
  figure.pdf.text = true;
  const { items } = await page.getTextContent();
  const text = document.createElement("p");
  text.className = "vh";
  text.textContent = items.map((item) => item.str + (item.hasEOL ? "\n" : "")).join("");
  figure.append(text);
}

function release(figure) {
  if (!figure.pdf.task) return;
  figure.pdf.task.cancel();
  figure.pdf.task = null;
  const canvas = figure.querySelector("canvas");
  canvas.replaceWith(blank(canvas));
}

const showAll = () => document.querySelectorAll("[data-pdf]").forEach(show);
document.addEventListener("htmx:load", showAll);
showAll();
