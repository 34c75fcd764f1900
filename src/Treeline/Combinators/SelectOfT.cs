namespace Treeline;

/// <summary>Waits for the first of several things.</summary>
/// <typeparam name="TResult">What the handlers give.</typeparam>
internal sealed class Select<TResult>
{
}
