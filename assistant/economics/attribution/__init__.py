"""Attribution: which touches a household's purchases are credited to, by ten models on the same tables."""
