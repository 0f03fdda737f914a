"""What the hub makes of files that other people wrote: tables that are judged by hand, and the tests that hold the hub to them."""
