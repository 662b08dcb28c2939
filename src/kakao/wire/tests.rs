//! What is sent, to the letter, and what comes back, as documented and broken.
