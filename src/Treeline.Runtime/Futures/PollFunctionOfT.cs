namespace Treeline.Futures;

/// <summary>A poll as a function; see <see cref="IFuture{T}.Poll"/> for what it must do.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
/// <param name="context">Has the waker.</param>
/// <returns>The result, or that it is pending.</returns>
public delegate Poll<T> PollFunction<T>(ref Context context);
