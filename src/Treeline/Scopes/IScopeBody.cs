namespace Treeline;

/// <summary>What ran as the body of a scope, and keeps its result until the scope has ended.</summary>
/// <typeparam name="T">The type of the result.</typeparam>
internal interface IScopeBody<T>
{
    /// <summary>The result; called once.</summary>
    public T TakeResult();
}
