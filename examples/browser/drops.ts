/** Files dropped anywhere on the page: each goes to the zone that it falls on, or to the first. */

export interface DropZone {
  readonly element: HTMLElement;
  readonly take: (files: readonly File[]) => void;
}

export function acceptDrops(zones: readonly DropZone[]): void {
  const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const zoneOf = ({ target }: DragEvent) =>
    zones.find(({ element }) => target instanceof Node && element.contains(target)) ?? zones[0];
  const mark = (over: DropZone | null) => {
    for (const zone of zones) zone.element.classList.toggle("over", zone === over);
  };
  document.addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    mark(zoneOf(event));
  });
  document.addEventListener("dragleave", (event) => {
    if (event.relatedTarget === null) mark(null);
  });
  document.addEventListener("drop", (event) => {
    mark(null);
    if (!hasFiles(event)) return;
    event.preventDefault();
    zoneOf(event).take([...(event.dataTransfer?.files ?? [])]);
  });
}
