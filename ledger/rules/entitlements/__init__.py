"""What a rule makes of dated facts: entitlements, their lines, and the reasons. All of it pure."""
