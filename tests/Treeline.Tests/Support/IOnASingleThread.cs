namespace Treeline.Tests;

/// <summary>
/// Marks a class of tests whose tests run on one thread: the test, the scopes it opens and their children, as on
/// <see cref="SingleThreadCrank"/>. What awaits a foreign task comes back to that thread.
/// </summary>
public interface IOnASingleThread;
