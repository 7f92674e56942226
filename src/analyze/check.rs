//! Gates: figures held against what somebody allowed. Pure; what is measured comes in, what to think of it goes out.

pub mod budget;
pub mod rise;
