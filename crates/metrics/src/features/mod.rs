//! Networks whose features stand in for what an eye sees, and the way from tensors to host memory.

pub mod host;
pub mod judge;
pub mod lpips;
pub mod weights;
