/** Small drawings, one stroke, in the colour of the text around them. */
const PATHS = {
  upload: "M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M4 16v2.5A1.5 1.5 0 0 0 5.5 20h13a1.5 1.5 0 0 0 1.5-1.5V16",
  file: "M7 3h7l5 5v11.5a1.5 1.5 0 0 1-1.5 1.5h-10A1.5 1.5 0 0 1 6 19.5v-15A1.5 1.5 0 0 1 7.5 3M14 3v5h5",
  check: "M5 12.5l4.5 4.5L19 7.5",
  alert:
    "M12 8v5m0 3.2v.3M10.4 4.3 2.9 17.5A1.8 1.8 0 0 0 4.5 20h15a1.8 1.8 0 0 0 1.6-2.5L13.6 4.3a1.8 1.8 0 0 0-3.2 0Z",
  cross: "M6.5 6.5l11 11m0-11l-11 11",
  back: "M14.5 5.5 8 12l6.5 6.5",
  next: "M9.5 5.5 16 12l-6.5 6.5",
  retry: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4M19.5 3.5v4h-4",
  download: "M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M4 19.5h16",
  copy: "M9 9h10v11H9zM5 15V4h10",
  page: "M4 5h16v14H4zM8 9h8M8 12.5h8M8 16h4",
  minus: "M6 12h12",
  clock: "M12 7v5l3.2 2M20.5 12a8.5 8.5 0 1 1-17 0 8.5 8.5 0 0 1 17 0Z",
  zoom: "M11 8v6m-3-3h6m2 5 4.5 4.5M18 11a7 7 0 1 1-14 0 7 7 0 0 1 14 0Z",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg className="ndf-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
