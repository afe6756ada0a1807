// Hands on what the microphone hears, with the moment of its first frame.

registerProcessor('recorder', class extends AudioWorkletProcessor {
  process([input]) {
    if (input[0]) this.port.postMessage({ at: currentTime, samples: input[0].slice() });
    return true;
  }
});
