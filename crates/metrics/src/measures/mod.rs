//! Every measure: of one set of images beside another, of codes, of pairs of images.

pub mod codes;
pub mod pairs;
pub mod sets;
