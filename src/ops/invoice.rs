//! What callers need to describe a bill of the user's own.

pub use crate::invoice::mapping::FIELDS;
pub use crate::invoice::mapping::Mapping;
pub use crate::invoice::mapping::MappingError;
