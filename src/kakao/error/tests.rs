//! The fault table, cell by cell, as a person reads it.
