//! The rows once more in real time: the server on a thread of its own, short timings on the client's side.
