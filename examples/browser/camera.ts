/** The camera's frames, one after the other as they are answered. */
import { byId, nextFrame } from "./dom.js";

export interface CameraUser {
  /** A frame, which is the user's to close, and how many came in the last second. */
  readonly onFrame: (frame: ImageBitmap, framesPerSecond: number) => Promise<void>;
  readonly onStart: () => void;
  /** The camera has stopped because of this. */
  readonly onError: (reason: unknown) => void;
}

export interface Camera {
  readonly stop: () => void;
}

function reasonOf(error: unknown): Error {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return new Error("the camera may not be used: allow it for this page");
  if (name === "NotFoundError") return new Error("there is no camera");
  return error instanceof Error ? error : new Error(String(error));
}

/** The button `camera` starts and stops it; what it sees is shown in `camera-view`. */
export function openCamera({ onFrame, onStart, onError }: CameraUser): Camera {
  const button = byId("camera", HTMLButtonElement);
  const view = byId("camera-view", HTMLVideoElement);
  let stream: MediaStream | null = null;

  const stop = () => {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = null;
    view.srcObject = null;
    view.hidden = true;
    button.setAttribute("aria-pressed", "false");
    button.textContent = "Use the camera";
  };
  const watch = async (watched: MediaStream) => {
    const times: number[] = [];
    while (stream === watched) {
      await nextFrame();
      if (stream !== watched || view.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) continue;
      const now = performance.now();
      while (times.length > 0 && times[0] < now - 1000) times.shift();
      times.push(now);
      const seconds = (now - times[0]) / 1000;
      const frame = await createImageBitmap(view);
      if (stream !== watched) frame.close();
      else await onFrame(frame, seconds === 0 ? 0 : (times.length - 1) / seconds);
    }
  };
  const start = async () => {
    try {
      if (navigator.mediaDevices === undefined) throw new Error("this browser gives no camera to this page");
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: 640 } });
      view.srcObject = stream;
      view.hidden = false;
      button.setAttribute("aria-pressed", "true");
      button.textContent = "Stop the camera";
      onStart();
      await view.play();
      await watch(stream);
    } catch (error) {
      stop();
      onError(reasonOf(error));
    }
  };
  button.addEventListener("click", () => {
    if (stream === null) start();
    else stop();
  });
  return { stop };
}
