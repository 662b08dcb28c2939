//! Reading what Kakao shows, as documented and as it may come.
