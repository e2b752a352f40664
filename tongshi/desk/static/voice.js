// The microphone, and replies aloud to who has used it. The server has both only where its speech is switched on.

import * as api from "./api.js";

const LONGEST_MS = 110_000;
const KINDS = ["audio/webm;codecs=opus", "audio/ogg;codecs=opus", "audio/mp4"];

/**
 * A button that records while it is pressed in, and says replies.
 *
 * `on`: handlers heard({ text, identifiers }), told(key) with the name of a text for the customer ("" for none), language() and t(key).
 */
export class Microphone {
  constructor(button, on) {
    this.button = button;
    this.on = on;
    button.addEventListener("click", () => (this.recorder ? this.recorder.stop() : this.listen().catch(reportError)));
  }

  /** Shows the button where both the server and this browser can use it. */
  async offer() {
    if (!navigator.mediaDevices?.getUserMedia || !window.MediaRecorder) return;
    try {
      this.button.hidden = !(await api.speech()).on;
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
    }
  }

  /** Records until the button is pressed again; who begins to speak is no longer spoken to. */
  async listen() {
    this.hush();
    this.context ??= new AudioContext();
    this.context.resume();
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
    } catch {
      return this.on.told("microphoneDenied");
    }
    const recorder = new MediaRecorder(stream, { mimeType: KINDS.find((kind) => MediaRecorder.isTypeSupported(kind)) });
    const pieces = [];
    recorder.addEventListener("dataavailable", ({ data }) => pieces.push(data));
    recorder.addEventListener("stop", () => {
      clearTimeout(this.timer);
      for (const track of stream.getTracks()) track.stop();
      this.recorder = null;
      this.show();
      this.understand(new Blob(pieces, { type: recorder.mimeType })).catch(reportError);
    });
    recorder.start();
    this.recorder = recorder;
    this.timer = setTimeout(() => recorder.stop(), LONGEST_MS);
    this.show();
    this.on.told("listening");
  }

  /** Label and state of the button, in the page's language. */
  show() {
    const recording = Boolean(this.recorder);
    this.button.setAttribute("aria-pressed", String(recording));
    this.button.dataset.label = recording ? "microphoneStop" : "microphone";
    this.button.title = this.on.t(this.button.dataset.label);
    this.button.setAttribute("aria-label", this.button.title);
  }

  async understand(recording) {
    this.button.disabled = true;
    this.on.told("understanding");
    try {
      const heard = await api.hear(recording, this.on.language());
      this.on.told("");
      this.on.heard(heard);
    } catch (error) {
      if (!(error instanceof api.ApiError)) throw error;
      this.on.told(error.status === 422 ? "unheard" : error.kind === "busy" ? "busy" : "speechError");
    } finally {
      this.button.disabled = false;
    }
  }

  /** Says replies one after the other, each clause as soon as it is there. */
  async speak(messages) {
    this.hush();
    const control = new AbortController();
    this.speaking = control;
    for (const { id } of messages) {
      if (control.signal.aborted) return;
      try {
        for await (const clause of api.said(id, control.signal)) await this.play(clause, control.signal);
      } catch (error) {
        // The same stands in text: who cannot hear it reads it.
        if (!(error instanceof api.ApiError || control.signal.aborted)) throw error;
      }
    }
  }

  /** Queues a clause behind what is being said. */
  async play(clause, signal) {
    const sound = await this.context.decodeAudioData(clause);
    if (signal.aborted) return;
    const source = this.context.createBufferSource();
    source.buffer = sound;
    source.connect(this.context.destination);
    this.until = Math.max(this.context.currentTime, this.until ?? 0);
    source.start(this.until);
    this.until += sound.duration;
    signal.addEventListener("abort", () => source.stop());
  }

  /** Ends what is being said. */
  hush() {
    this.speaking?.abort();
    this.speaking = null;
    this.until = 0;
  }
}
