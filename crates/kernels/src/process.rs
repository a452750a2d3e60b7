//! What a program that trains sets up before anything else.

/// To be called first thing in `main`.
///
/// A training step allocates and frees a buffer of some megabytes per operation. The allocator
/// ([`crate::Allocator`]) is told to keep what is freed: returning pages to the system and faulting
/// them in again takes 5 % of a U-Net's step.
///
/// The main thread becomes one of the pool's workers: a step is hundreds of short parallel loops,
/// and handing each to a pool of others costs two context switches.
pub fn set_up_process() {
    // `mi_option_purge_delay` of mimalloc.h, which the bindings do not name: the one before this. -1 is
    // never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = libmimalloc_sys::mi_option_use_numa_nodes - 1;
    #[expect(unsafe_code, reason = "calls C")]
    // SAFETY: stores a number in the allocator's table of options, and reads no memory of ours.
    unsafe {
        libmimalloc_sys::mi_option_set(PURGE_DELAY, -1);
    }
    // Fails only if there is a pool already.
    let _ = rayon::ThreadPoolBuilder::new().use_current_thread().build_global();
}
