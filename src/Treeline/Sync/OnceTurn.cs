namespace Treeline;

/// <summary>
/// What one who waits for a <see cref="OnceCell{T}"/> is given: the value has come, or it is their turn to make it.
/// </summary>
/// <param name="IsMine">True: go on and make it.</param>
/// <param name="Who">Whose turn that is.</param>
internal readonly record struct OnceTurn(bool IsMine, Holder Who);
