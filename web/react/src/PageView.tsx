import { useEffect, useRef, useState } from "react";
import { useAgain } from "./again.ts";
import type { Box } from "./fields.ts";
import { Icon } from "./icons.tsx";

/** Page images are drawn at 110 dots an inch; boxes are in points. */
const PIXELS_PER_POINT = 110 / 72;

/** A page of a document as an image. Throws where there is none. */
export type DrawPage = (id: string, page: number, signal: AbortSignal) => Promise<Blob>;

interface Props {
  /** The document's. */
  id: string;
  draw: DrawPage;
  isConnected: boolean;
  pages: number;
  page: number;
  boxes: readonly Box[];
  /** The value that is pointed at, here or in the table. */
  active: string | null;
  onPage(page: number): void;
  onHover(id: string | null): void;
  onSelect(id: string): void;
}

type Image = { url: string } | { error: string } | null;

/** A page's image with the places of values on it. */
export function PageView(props: Props) {
  const { id, draw, isConnected, pages, page, boxes, active, onPage, onHover, onSelect } = props;
  const image = usePage(draw, id, page, isConnected);
  const [shape, setShape] = useState<{ width: number; height: number } | null>(null);
  const [wide, setWide] = useState(false);
  const sheet = useRef<HTMLDivElement>(null);

  // biome-ignore lint/correctness/useExhaustiveDependencies: also when the image has come
  useEffect(() => {
    const box = sheet.current?.querySelector<HTMLElement>("[data-active]");
    const pane = sheet.current;
    if (!box || !pane) return;
    const top = box.offsetTop - pane.clientHeight / 2;
    pane.scrollTo({ top, left: box.offsetLeft - pane.clientWidth / 2, behavior: "smooth" });
  }, [active, shape, page]);

  return (
    <section className="ndf-page" aria-label="The page">
      <div className="ndf-page-bar">
        <button type="button" className="ndf-quiet" disabled={page <= 1} onClick={() => onPage(page - 1)}>
          <Icon name="back" />
          <span className="ndf-hidden">Previous page</span>
        </button>
        <span aria-live="polite">
          Page {page} of {pages}
        </span>
        <button type="button" className="ndf-quiet" disabled={page >= pages} onClick={() => onPage(page + 1)}>
          <Icon name="next" />
          <span className="ndf-hidden">Next page</span>
        </button>
        <button
          type="button"
          className="ndf-quiet ndf-zoom"
          aria-pressed={wide}
          onClick={() => setWide(!wide)}
        >
          <Icon name={wide ? "minus" : "zoom"} />
          <span className="ndf-hidden">Enlarge</span>
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reached by keyboard */}
      <section className="ndf-page-scroll" ref={sheet} tabIndex={0} aria-label={`Page ${page}, as it looks`}>
        {image && "error" in image && <p className="ndf-none">{image.error}</p>}
        {image === null && (
          <div className="ndf-page-wait" role="status" aria-label="The page is being drawn" />
        )}
        {image && "url" in image && (
          <div className="ndf-sheet" data-wide={wide || undefined}>
            <img
              src={image.url}
              alt={`Page ${page} of the document`}
              onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
                setShape({ width: naturalWidth / PIXELS_PER_POINT, height: naturalHeight / PIXELS_PER_POINT })
              }
            />
            {shape &&
              boxes
                .filter(each => each.page === page)
                .map(({ id, label, bbox: [x0, y0, x1, y1] }) => (
                  <button
                    type="button"
                    key={`${id} ${x0} ${y0}`}
                    className="ndf-box"
                    data-value={id}
                    data-active={id === active || undefined}
                    aria-label={label}
                    title={label}
                    style={{
                      left: `${(x0 / shape.width) * 100}%`,
                      top: `${(y0 / shape.height) * 100}%`,
                      width: `${((x1 - x0) / shape.width) * 100}%`,
                      height: `${((y1 - y0) / shape.height) * 100}%`,
                    }}
                    onMouseEnter={() => onHover(id)}
                    onMouseLeave={() => onHover(null)}
                    onFocus={() => onHover(id)}
                    onBlur={() => onHover(null)}
                    onClick={() => onSelect(id)}
                  />
                ))}
          </div>
        )}
      </section>
    </section>
  );
}

/** The image of a page, kept as long as the page is shown. */
function usePage(draw: DrawPage, id: string, page: number, isConnected: boolean): Image {
  const [image, setImage] = useState<Image>(null);
  const again = useAgain(isConnected, image !== null && "error" in image);
  // biome-ignore lint/correctness/useExhaustiveDependencies: again when the service is back
  useEffect(() => {
    const stop = new AbortController();
    let url = "";
    setImage(null);
    draw(id, page, stop.signal).then(
      blob => {
        if (stop.signal.aborted) return;
        url = URL.createObjectURL(blob);
        setImage({ url });
      },
      (error: Error) => {
        if (!stop.signal.aborted) setImage({ error: error.message });
      },
    );
    return () => {
      stop.abort();
      if (url) URL.revokeObjectURL(url);
    };
  }, [draw, id, page, again]);
  return image;
}
