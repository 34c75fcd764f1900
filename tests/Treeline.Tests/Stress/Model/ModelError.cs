namespace Treeline.Tests.Stress.Model;

/// <summary>An exception of the model: an object with an identity, what it says, and what it carries.</summary>
/// <param name="Text">What it says.</param>
/// <param name="IsCancellation">Whether it is an <see cref="OperationCanceledException"/>.</param>
/// <param name="Carried">The errors inside, each with the path of where it comes from, if that is told.</param>
internal sealed record ModelError(string Text, bool IsCancellation, params (string? Path, ModelError Error)[] Carried)
{
    public static ModelError Cut => new("cut", IsCancellation: true);

    public override string ToString() => Carried.Length == 0
        ? Text
        : $"{Text} [{string.Join(", ", Carried.Select(static part => part.Path is null ? $"{part.Error}" : $"{part.Path}: {part.Error}"))}]";

    /// <summary>It, and all that it carries.</summary>
    public IEnumerable<ModelError> All() => Carried.SelectMany(static part => part.Error.All()).Prepend(this);

    public bool Equals(ModelError? other) => ReferenceEquals(this, other);

    public override int GetHashCode() => System.Runtime.CompilerServices.RuntimeHelpers.GetHashCode(this);
}
