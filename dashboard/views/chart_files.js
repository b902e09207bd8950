// Saves the chart of the Compare page as the browser has drawn it: as SVG, or as PNG of twice the size.
const SCALE = 2
const instances = new WeakMap()

function copyChart() {
  const drawn = document.querySelector(".st-key-comparison_area svg.marks")
  if (!drawn) return null
  const copy = drawn.cloneNode(true)
  // The page's font is not in the file: in another one, words must take as much room as here.
  const words = copy.querySelectorAll("text")
  drawn.querySelectorAll("text").forEach((text, i) => {
    const length = text.getComputedTextLength()
    if (length) words[i].setAttribute("textLength", length.toFixed(1))
    words[i].setAttribute("lengthAdjust", "spacingAndGlyphs")
  })
  for (const hidden of copy.querySelectorAll("[opacity='0']")) hidden.remove()  // they only catch the pointer
  const { width, height } = drawn.viewBox.baseVal
  copy.setAttribute("xmlns", "http://www.w3.org/2000/svg")
  copy.setAttribute("width", width)
  copy.setAttribute("height", height)
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect")
  ground.setAttribute("width", "100%")
  ground.setAttribute("height", "100%")
  ground.setAttribute("fill", getComputedStyle(document.querySelector(".stApp")).backgroundColor)
  copy.prepend(ground)
  return { source: new XMLSerializer().serializeToString(copy), width, height }
}

function save(blob, name) {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60000)
}

async function paint({ source, width, height }) {
  const image = new Image()
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(source)}`
  await image.decode()
  const canvas = document.createElement("canvas")
  canvas.width = SCALE * width
  canvas.height = SCALE * height
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height)
  return new Promise((resolve, reject) => canvas.toBlob(blob => blob ? resolve(blob) : reject(), "image/png"))
}

function mount() {
  const instance = {}
  const onClick = async event => {
    const button = event.target.closest?.(".st-key-save_chart_svg button, .st-key-save_chart_png button")
    if (!button) return
    try {
      const chart = copyChart()
      if (button.closest(".st-key-save_chart_png")) save(await paint(chart), "comparison.png")
      else save(new Blob([chart.source], { type: "image/svg+xml" }), "comparison.svg")
    } catch { instance.send("failed", true) }
  }
  document.addEventListener("click", onClick, true)
  instance.unmount = () => document.removeEventListener("click", onClick, true)
  return instance
}

export default function (component) {
  const { parentElement } = component
  let instance = instances.get(parentElement)
  if (!instance) instances.set(parentElement, (instance = mount()))
  instance.send = component.setTriggerValue
  return () => { instance.unmount(); instances.delete(parentElement) }
}
